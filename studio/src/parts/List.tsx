import { useSpeech } from "../app-context";

/** Figures by their names. */
export function List({ rows, digits = 0 }: { rows: [string, number | string | null][]; digits?: number }) {
    const { number, say } = useSpeech();
    return (
        <dl class="list">
            {rows.map(([name, value]) => (
                <div key={name}>
                    <dt>{name}</dt>
                    <dd class={value === null ? "faint" : undefined}>
                        {value === null
                            ? say("unknownNumber")
                            : typeof value === "string"
                              ? value
                              : number(value, { maximumFractionDigits: digits })}
                    </dd>
                </div>
            ))}
        </dl>
    );
}
