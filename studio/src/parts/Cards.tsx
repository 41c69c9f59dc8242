import { useSpeech } from "../app-context";
import type { Bounds, Comparison } from "../ranges";
import { daysOfBounds } from "../words";
import { CardTools } from "./CardTools";
import type { PanelQuery } from "./Panel";

export type Card = {
    name: string;
    value: number;
    before: number | null;
    hint?: string | undefined;
    digits?: number;
    /** For cards that choose what the picture shows. */
    choice?: { isChosen: boolean; choose: () => void } | undefined;
};

type Props = { cards: Card[]; comparison: Comparison; label: string; before: Bounds; query: PanelQuery };

export function Cards({ cards, comparison, label, before, query }: Props) {
    const speech = useSpeech();
    const { say } = speech;
    const isCompared = comparison !== "none";
    const table = {
        head: [say("figure"), label, ...(isCompared ? [say("before")] : [])],
        rows: cards.map(({ name, value, before }) => [name, value, ...(isCompared ? [before] : [])]),
    };
    const words = isCompared ? `${label}, ${say("comparedWith", { range: daysOfBounds(before, speech) })}` : label;
    return (
        <>
            <CardTools title={say("figures")} words={words} table={table} query={query} />
            <ul class="cards" aria-label={label}>
                {cards.map((card) => (
                    <li key={card.name} class={card.choice?.isChosen ? "chosen" : undefined}>
                        <OneCard card={card} isCompared={isCompared} />
                    </li>
                ))}
            </ul>
        </>
    );
}

function OneCard({ card, isCompared }: { card: Card; isCompared: boolean }) {
    const { number } = useSpeech();
    const inside = (
        <>
            <span class="name" title={card.name}>
                {card.name}
            </span>
            <span class="value" title={card.hint} data-value={card.value}>
                {number(card.value, { maximumFractionDigits: card.digits ?? 0 })}
            </span>
            {isCompared && <Change card={card} />}
        </>
    );
    if (!card.choice) return <div class="card">{inside}</div>;
    return (
        <button type="button" class="card" aria-pressed={card.choice.isChosen} onClick={card.choice.choose}>
            {inside}
        </button>
    );
}

function Change({ card: { value, before, digits } }: { card: Card }) {
    const { say, number } = useSpeech();
    if (before === null) return <span class="change even">–</span>;
    const shown = number(before, { maximumFractionDigits: digits ?? 0 });
    if (!before) {
        return (
            <span class="change even" data-before={before}>
                {value ? say("newSince") : "–"}
            </span>
        );
    }
    const part = (value - before) / before;
    const percent = number(Math.abs(part), { style: "percent", maximumFractionDigits: Math.abs(part) < 0.1 ? 1 : 0 });
    const [look, sign] = part > 0 ? ["up", "↑"] : part < 0 ? ["down", "↓"] : ["even", "→"];
    const change = number(part, { style: "percent", maximumFractionDigits: 1, signDisplay: "exceptZero" });
    return (
        <span class={`change ${look}`} data-before={before} title={`${shown} ${say("before")}`}>
            <span aria-hidden="true">
                {sign} {percent}
            </span>
            <span class="unseen">{say("changed", { change, before: shown })}</span>
        </span>
    );
}
