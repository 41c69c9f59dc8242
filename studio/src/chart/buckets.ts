import type { Interval } from "../ranges";
import type { Speech } from "../words";
import type { Bucket } from "./TimeChart";

type Point = { start: string; isPartial: boolean; isRunning: boolean };

const SHORT: Record<Interval, Intl.DateTimeFormatOptions> = {
    HOUR: { hour: "numeric", minute: "2-digit" },
    DAY: { day: "numeric", month: "short" },
    WEEK: { day: "numeric", month: "short" },
    MONTH: { month: "short", year: "2-digit" },
};
const LONG: Record<Interval, Intl.DateTimeFormatOptions> = {
    HOUR: { weekday: "short", day: "numeric", month: "short", hour: "numeric", minute: "2-digit" },
    DAY: { weekday: "short", day: "numeric", month: "short", year: "numeric" },
    WEEK: { day: "numeric", month: "short", year: "numeric" },
    MONTH: { month: "long", year: "numeric" },
};

/** The names of buckets as a chart and its table show them, each with the bucket of the period before. */
export function bucketsOf(
    points: Point[],
    before: { start: string }[] | undefined,
    interval: Interval,
    timeZone: string,
    { say, time }: Speech,
): Bucket[] {
    return points.map(({ start, isPartial, isRunning }, index) => {
        const old = before?.[index];
        return {
            label: time(start, timeZone, LONG[interval]),
            short: time(start, timeZone, SHORT[interval]),
            isUnfinished: isPartial || isRunning,
            note: isRunning ? say("running") : isPartial ? say("partial") : undefined,
            before: old && time(old.start, timeZone, LONG[interval]),
        };
    });
}
