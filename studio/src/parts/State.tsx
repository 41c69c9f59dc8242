import type { ComponentChildren } from "preact";

/** In place of figures: what happened, and what to do. */
export function State({
    title,
    words,
    symbol,
    isAlert,
    children,
}: {
    title: string;
    words?: string;
    symbol: string;
    isAlert?: boolean;
    children?: ComponentChildren;
}) {
    return (
        <div class="state" role={isAlert ? "alert" : undefined}>
            <span class="symbol" aria-hidden="true">
                {symbol}
            </span>
            <h2>{title}</h2>
            {words && <p>{words}</p>}
            {children && <div class="actions">{children}</div>}
        </div>
    );
}
