/** Days of the calendar as texts: 2026-11-28. What they mean in a time zone, the server says. */
export type Day = string;
export type Bounds = { start: string; end: string };
export type Days = { from: Day; to: Day };
export type Period = "today" | "7d" | "30d" | "90d" | "month" | "year" | "own";
export type Interval = "HOUR" | "DAY" | "WEEK" | "MONTH";
export type Comparison = "previous" | "year" | "none";

export const PERIODS: Period[] = ["today", "7d", "30d", "90d", "month", "year", "own"];
export const INTERVALS: Interval[] = ["HOUR", "DAY", "WEEK", "MONTH"];
export const COMPARISONS: Comparison[] = ["previous", "year", "none"];

const MS_A_DAY = 86_400_000;
const LENGTHS: Partial<Record<Period, number>> = { today: 1, "7d": 7, "30d": 30, "90d": 90 };
/** Of these lengths in days, each interval makes a picture that can be read. */
const FITS: Record<Interval, [number, number]> = {
    HOUR: [1, 8],
    DAY: [2, 400],
    WEEK: [15, 2000],
    MONTH: [60, 20_000],
};

export function isDay(text: string): boolean {
    if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
    const at = Date.parse(`${text}T00:00:00Z`);
    return !Number.isNaN(at) && dayOf(at) === text && text >= "1970-01-01" && text < "3000-01-01";
}

/** The local day and time of a time zone, such as 2026-11-28 and 20:25. */
export function clockOf(timeZone: string, at: Date): { day: Day; time: string } {
    const parts = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "short" });
    const [day = "", time = ""] = parts.format(at).split(" ");
    return { day, time };
}

export function daysOf(period: Exclude<Period, "own">, today: Day): Days {
    if (period === "month") return { from: `${today.slice(0, 7)}-01`, to: today };
    if (period === "year") return { from: `${today.slice(0, 4)}-01-01`, to: today };
    return { from: shifted(today, 1 - (LENGTHS[period] ?? 1)), to: today };
}

export function lengthOf({ from, to }: Days): number {
    return (at(to) - at(from)) / MS_A_DAY + 1;
}

/**
 * What a range is compared with. Whole months are compared with as many months, other days with as many days. If the
 * range ends today, what it is compared with ends at the same time of day: a morning is not compared with a day.
 */
export function boundsBefore(days: Days, comparison: Comparison, today: Day, time: string): Bounds {
    const before = comparison === "year" ? aYearBefore(days) : justBefore(days);
    return { start: before.from, end: days.to === today ? `${before.to}T${time}:00` : before.to };
}

export function intervalsFor(days: Days): Interval[] {
    const length = lengthOf(days);
    return INTERVALS.filter((interval) => FITS[interval][0] <= length && length <= FITS[interval][1]);
}

export function usualInterval(days: Days): Interval {
    const length = lengthOf(days);
    if (length <= 1) return "HOUR";
    if (length <= 100) return "DAY";
    return length <= 400 ? "WEEK" : "MONTH";
}

export function shifted(day: Day, days: number): Day {
    return dayOf(at(day) + days * MS_A_DAY);
}

function justBefore(days: Days): Days {
    const months = wholeMonths(days);
    if (!months) return { from: shifted(days.from, -lengthOf(days)), to: shifted(days.from, -1) };
    return { from: monthsBefore(days.from, months), to: shifted(days.from, -1) };
}

function aYearBefore({ from, to }: Days): Days {
    return { from: monthsBefore(from, 12), to: monthsBefore(to, 12) };
}

/** How many months the days are, or 0 if they are none. */
function wholeMonths({ from, to }: Days): number {
    const next = shifted(to, 1);
    if (!from.endsWith("-01") || !next.endsWith("-01")) return 0;
    return monthNumber(next) - monthNumber(from);
}

/** The same day of an earlier month, or the last one that this month has. */
function monthsBefore(day: Day, months: number): Day {
    const number = monthNumber(day) - months;
    const first = Date.UTC(Math.floor(number / 12), number % 12, 1);
    const last = Date.UTC(Math.floor(number / 12), (number % 12) + 1, 0);
    return dayOf(Math.min(first + (Number(day.slice(8)) - 1) * MS_A_DAY, last));
}

function monthNumber(day: Day): number {
    return Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7)) - 1;
}

function at(day: Day): number {
    return Date.parse(`${day}T00:00:00Z`);
}

function dayOf(at: number): Day {
    return new Date(at).toISOString().slice(0, 10);
}
