import { useSpeech } from "../app-context";

export type Bar = { name: string; count: number; choose?: (() => void) | undefined };

/** A table whose rows are as long as what they count. */
export function Bars({ bars, head, caption }: { bars: Bar[]; head: [string, string]; caption: string }) {
    const { say, number } = useSpeech();
    const total = bars.reduce((sum, { count }) => sum + count, 0);
    const most = Math.max(...bars.map(({ count }) => count), 1);
    if (!total) return <p class="nothing">{say("empty")}</p>;
    return (
        <table class="bars">
            <caption class="unseen">{caption}</caption>
            <thead>
                <tr>
                    <th scope="col">{head[0]}</th>
                    <th scope="col">{head[1]}</th>
                    <th scope="col">{say("share")}</th>
                </tr>
            </thead>
            <tbody>
                {bars.map(({ name, count, choose }) => (
                    <tr key={name}>
                        <th scope="row">
                            <span class="bar" style={{ width: `${(100 * count) / most}%` }} />
                            {choose ? (
                                <button type="button" class="link" onClick={choose} title={say("filter", { name })}>
                                    {name}
                                </button>
                            ) : (
                                <span>{name}</span>
                            )}
                        </th>
                        <td class="number">{number(count)}</td>
                        <td class="number faint">
                            {number(count / total, { style: "percent", maximumFractionDigits: 1 })}
                        </td>
                    </tr>
                ))}
            </tbody>
        </table>
    );
}

/** Sums what a series counted of each group, largest first. */
export function summed<Point extends { count: number }>(
    points: Point[],
    nameOf: (point: Point) => string,
): { name: string; count: number }[] {
    const counts = new Map<string, number>();
    for (const point of points) counts.set(nameOf(point), (counts.get(nameOf(point)) ?? 0) + point.count);
    return [...counts].map(([name, count]) => ({ name, count })).sort((one, other) => other.count - one.count);
}
