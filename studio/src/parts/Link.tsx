import type { ComponentChildren } from "preact";
import { type Place, pathOf } from "../address";
import { useApp } from "../app-context";

type Props = { to: Place; isCurrent?: boolean; look?: "primary"; children: ComponentChildren };

/** A link that stays in the page, and opens a tab of its own if somebody wants that. */
export function Link({ to, isCurrent, look, children }: Props) {
    const { go } = useApp();
    function follow(event: MouseEvent): void {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
        event.preventDefault();
        go(to);
    }
    return (
        <a href={pathOf(to)} class={look} aria-current={isCurrent ? "page" : undefined} onClick={follow}>
            {children}
        </a>
    );
}
