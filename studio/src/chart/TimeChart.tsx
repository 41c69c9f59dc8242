import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useSpeech } from "../app-context";
import { coloursOf } from "./colours";

export type Line = { name: string; values: number[]; before?: (number | null)[] };
export type Bucket = {
    label: string;
    short: string;
    isUnfinished: boolean;
    note?: string | undefined;
    before?: string | undefined;
};

type Props = {
    label: string;
    lines: Line[];
    buckets: Bucket[];
    hint: string;
    /** What the line behind the first one is. */
    before?: string | undefined;
};

const COLOURS = ["line-1", "line-2", "line-3", "line-4"];
const HEIGHT = 270;

/** A picture over time. For a keyboard and a screen reader it is a slider through its buckets. */
export function TimeChart({ label, lines, buckets, hint, before }: Props) {
    const { number } = useSpeech();
    const place = useRef<HTMLDivElement>(null);
    const plot = useRef<uPlot | null>(null);
    const [at, setAt] = useState<number | null>(null);
    const look = useLook();

    useLayoutEffect(() => {
        const element = place.current;
        if (!element) return;
        const made = new uPlot(
            {
                ...optionsOf(element, lines, buckets, (value) => number(value, { notation: "compact" })),
                width: element.clientWidth,
                height: HEIGHT,
            },
            dataOf(lines, buckets),
            element,
        );
        plot.current = made;
        const over = () => setAt(made.cursor.idx ?? null);
        made.over.addEventListener("mousemove", over);
        made.over.addEventListener("mouseleave", () => setAt(null));
        const resized = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
        resized.observe(element);
        return () => {
            resized.disconnect();
            made.destroy();
        };
    }, [JSON.stringify([lines, buckets]), look]);

    function goTo(index: number): void {
        const chosen = Math.max(0, Math.min(buckets.length - 1, index));
        setAt(chosen);
        const made = plot.current;
        made?.setCursor({ left: made.valToPos(chosen, "x"), top: 0 }, false);
    }
    function press(event: KeyboardEvent): void {
        const current = at ?? buckets.length - 1;
        const targets: Record<string, number> = {
            ArrowLeft: current - 1,
            ArrowDown: current - 1,
            ArrowRight: current + 1,
            ArrowUp: current + 1,
            Home: 0,
            End: buckets.length - 1,
        };
        const target = targets[event.key];
        if (target === undefined) return;
        event.preventDefault();
        goTo(target);
    }
    const current = Math.min(at ?? buckets.length - 1, buckets.length - 1);
    return (
        <div class="chart-frame">
            <Legend names={lines.map(({ name }) => name)} before={before} />
            <div
                class="chart"
                role="slider"
                tabIndex={0}
                aria-label={label}
                aria-description={hint}
                aria-valuemin={0}
                aria-valuemax={buckets.length - 1}
                aria-valuenow={current}
                aria-valuetext={spoken(lines, buckets, current, number)}
                onKeyDown={press}
                onBlur={() => setAt(null)}
            >
                <div ref={place} class="plot" aria-hidden="true" />
                {at !== null && buckets[current] && plot.current && (
                    <Tip lines={lines} bucket={buckets[current]} index={current} plot={plot.current} />
                )}
            </div>
        </div>
    );
}

function Legend({ names, before }: { names: string[]; before: string | undefined }) {
    if (names.length < 2 && !before) return null;
    return (
        <ul class="legend">
            {names.map((name, line) => (
                <li key={name}>
                    <span class={`key line-${line + 1}`} />
                    {name}
                </li>
            ))}
            {before && (
                <li>
                    <span class="key line-before" />
                    {before}
                </li>
            )}
        </ul>
    );
}

function Tip({ lines, bucket, index, plot }: { lines: Line[]; bucket: Bucket; index: number; plot: uPlot }) {
    const { number } = useSpeech();
    const x = plot.valToPos(index, "x") + plot.over.offsetLeft;
    const isRight = x > plot.width / 2;
    const style = isRight ? { right: `${plot.width - x + 12}px` } : { left: `${x + 12}px` };
    return (
        <div class="tip" style={style} aria-hidden="true">
            <strong>{bucket.label}</strong>
            {bucket.note && <em>{bucket.note}</em>}
            {lines.map(({ name, values, before }, line) => (
                <div key={name}>
                    <span class={`key line-${line + 1}`} />
                    <span>{name}</span>
                    <b>{number(values[index] ?? 0)}</b>
                    {before && bucket.before && before[index] !== undefined && before[index] !== null && (
                        <>
                            <span class="key line-before" />
                            <span>{bucket.before}</span>
                            <b>{number(before[index] ?? 0)}</b>
                        </>
                    )}
                </div>
            ))}
        </div>
    );
}

function spoken(lines: Line[], buckets: Bucket[], index: number, number: (value: number) => string): string {
    const bucket = buckets[index];
    if (!bucket) return "";
    const figures = lines.flatMap(({ name, values, before }) => {
        const old = before?.[index];
        const then = bucket.before && old !== undefined && old !== null ? [`${bucket.before}: ${number(old)}`] : [];
        return [`${name}: ${number(values[index] ?? 0)}`, ...then];
    });
    return [bucket.label, ...(bucket.note ? [bucket.note] : []), ...figures].join(", ");
}

/** Changes when what is light and what is dark changes, because a canvas does not follow by itself. */
function useLook(): string {
    const [look, setLook] = useState("");
    useEffect(() => {
        const media = matchMedia("(prefers-color-scheme: dark)");
        const read = () => setLook(`${media.matches} ${document.documentElement.style.colorScheme}`);
        const changed = new MutationObserver(read);
        changed.observe(document.documentElement, { attributes: true, attributeFilter: ["style"] });
        media.addEventListener("change", read);
        return () => {
            changed.disconnect();
            media.removeEventListener("change", read);
        };
    }, []);
    return look;
}

/** Of each line: the period before, the finished buckets, and the unfinished ones with their neighbours. */
function dataOf(lines: Line[], buckets: Bucket[]): uPlot.AlignedData {
    const isOpen = (index: number) => Boolean(buckets[index]?.isUnfinished);
    const touchesOpen = (index: number) => isOpen(index) || isOpen(index - 1) || isOpen(index + 1);
    return [
        buckets.map((_, index) => index),
        ...lines.flatMap(({ values, before }) => [
            buckets.map((_, index) => before?.[index] ?? null),
            values.map((value, index) => (isOpen(index) ? null : value)),
            values.map((value, index) => (touchesOpen(index) ? value : null)),
        ]),
    ];
}

function optionsOf(
    element: Element,
    lines: Line[],
    buckets: Bucket[],
    short: (value: number) => string,
): Omit<uPlot.Options, "width" | "height"> {
    const [faint, grid, old, surface, ...colours] = coloursOf(
        element,
        "faint",
        "grid",
        "line-before",
        "surface",
        ...COLOURS,
    ) as [string, string, string, string, ...string[]];
    const font = `12px ${getComputedStyle(element).fontFamily}`;
    const isFew = buckets.length < 2;
    return {
        padding: [12, 22, 0, 0],
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 8, width: 2, fill: surface } },
        scales: {
            x: { time: false, range: (_, least, most) => (isFew ? [least - 1, most + 1] : [least, most]) },
            y: { range: (_, __, most) => [0, top(most)] },
        },
        axes: [
            {
                stroke: faint,
                font,
                grid: { show: false },
                ticks: { show: false },
                size: 30,
                space: 72,
                incrs: [1, 2, 3, 4, 6, 7, 14, 28, 56, 91, 182, 365],
                values: (_, splits) => splits.map((index) => buckets[index]?.short ?? ""),
            },
            {
                stroke: faint,
                font,
                size: 46,
                grid: { stroke: grid, width: 1 },
                ticks: { show: false },
                space: 48,
                incrs: [1, 2, 5]
                    .flatMap((each) => Array.from({ length: 13 }, (_, power) => each * 10 ** power))
                    .sort((a, b) => a - b),
                values: (_, splits) => splits.map(short),
            },
        ],
        series: [
            {},
            ...lines.flatMap((_, index): uPlot.Series[] => {
                const stroke = colours[index % colours.length] ?? faint;
                const isAlone = lines.length === 1;
                const points = { show: isFew, size: 7, fill: stroke };
                return [
                    { stroke: old, width: 1.5, points: { show: false } },
                    { stroke, width: 2, points, ...(isAlone && { fill: shade(stroke) }) },
                    { stroke, width: 2, dash: [5, 5], points, ...(isAlone && { fill: shade(stroke, 0.6) }) },
                ];
            }),
        ],
    };
}

/** A little room above the largest value, and a whole number where there is nothing. */
function top(most: number): number {
    return Math.max(most * 1.08, 4);
}

function shade(colour: string, strength = 1): (plot: uPlot) => CanvasGradient {
    const clear = (alpha: number) => colour.replace(/^rgba?\(([^,]+),([^,]+),([^,)]+).*$/, `rgba($1,$2,$3,${alpha})`);
    return (plot) => {
        const gradient = plot.ctx.createLinearGradient(0, plot.bbox.top, 0, plot.bbox.top + plot.bbox.height);
        gradient.addColorStop(0, clear(0.18 * strength));
        gradient.addColorStop(1, clear(0));
        return gradient;
    };
}
