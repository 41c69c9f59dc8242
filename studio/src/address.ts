import {
    type Bounds,
    COMPARISONS,
    type Comparison,
    type Days,
    type Interval,
    PERIODS,
    type Period,
    boundsBefore,
    clockOf,
    daysOf,
    intervalsFor,
    isDay,
    lengthOf,
    usualInterval,
} from "./ranges";
import { ROOT } from "./root";

export const ACTIONS = ["VIEW", "LIKE", "BOOKMARK", "SHARE", "COMMENT", "BOOK"] as const;
export const VIEW_TYPES = ["VIEW_3D", "VIEW_AR"] as const;
export const RANKINGS = ["TOTAL_3D_VIEWS", "TOTAL_AR_VIEWS", "USER_ENGAGEMENT"] as const;
export type Action = (typeof ACTIONS)[number];
export type ViewType = (typeof VIEW_TYPES)[number];
export type Ranking = (typeof RANKINGS)[number];

/** What is shown of a subject: all of it stands in the address, so it can be sent and gone back to. */
export type Filters = {
    period: Period;
    days: Days;
    timeZone: string;
    interval: Interval;
    comparison: Comparison;
    action: Action;
    viewType: ViewType;
    ranking: Ranking;
    domain: string | null;
    workspace: string | null;
    asset: string | null;
};

export type Place = {
    kind: "home" | "account" | "publications" | "organizations" | "workspaces" | "people" | "unknown";
    name: string;
};

/** Names of parameters whose values made no sense, and were dropped. */
export type Dropped = string[];

const MOST_DAYS = 3660;
export const OWN_TIME_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

export function placeOf(path: string): Place {
    const [kind = "", name = "", ...more] = path.slice(`${ROOT}/studio/`.length).split("/");
    if (!kind) return { kind: "home", name: "" };
    if (kind === "account" && !name && !more.length) return { kind, name };
    const isKnown = ["publications", "organizations", "workspaces", "people"].includes(kind) && name && !more.length;
    return isKnown ? { kind: kind as Place["kind"], name: decoded(name) } : { kind: "unknown", name: path };
}

export function pathOf({ kind, name }: Place): string {
    if (kind === "home" || kind === "account") return `${ROOT}/studio${kind === "home" ? "" : "/account"}`;
    return `${ROOT}/studio/${kind}/${encodeURIComponent(name)}`;
}

export function filtersOf(search: string, now: Date): { filters: Filters; dropped: Dropped } {
    const given = new URLSearchParams(search);
    const dropped: Dropped = [];
    function one<Value>(name: string, read: (text: string) => Value | undefined, otherwise: Value): Value {
        const text = given.get(name);
        if (text === null) return otherwise;
        const value = read(text);
        if (value !== undefined) return value;
        dropped.push(name);
        return otherwise;
    }
    const timeZone = one("zone", timeZoneOf, OWN_TIME_ZONE);
    const today = clockOf(timeZone, now).day;
    let period = one("period", oneOf(PERIODS), "30d");
    let days = daysOf(period === "own" ? "30d" : period, today);
    if (period === "own") {
        const own = ownDays(given.get("from"), given.get("to"), today);
        if (own) days = own;
        else {
            period = "30d";
            dropped.push("from");
        }
    }
    const intervals = intervalsFor(days);
    return {
        filters: {
            period,
            days,
            timeZone,
            interval: one(
                "interval",
                (text) => intervals.find((each) => each.toLowerCase() === text),
                usualInterval(days),
            ),
            comparison: one("compare", oneOf(COMPARISONS), "previous"),
            action: one("show", oneOf(ACTIONS), "VIEW"),
            viewType: one("views", oneOf(VIEW_TYPES), "VIEW_3D"),
            ranking: one("rank", oneOf(RANKINGS), "TOTAL_3D_VIEWS"),
            domain: one<string | null>("domain", domainOf, null),
            workspace: one<string | null>("workspace", (text) => text || undefined, null),
            asset: one<string | null>("asset", (text) => text || undefined, null),
        },
        dropped,
    };
}

/** Only what is not as usual: a short address is read more easily. */
export function searchOf(filters: Filters): string {
    const { period, days, timeZone, interval, comparison, action, viewType, ranking, domain } = filters;
    const { workspace, asset } = filters;
    const texts: [string, string | null, string | null][] = [
        ["period", period, "30d"],
        ["from", period === "own" ? days.from : null, null],
        ["to", period === "own" ? days.to : null, null],
        ["interval", interval.toLowerCase(), usualInterval(days).toLowerCase()],
        ["compare", comparison, "previous"],
        ["show", action, "VIEW"],
        ["views", viewType, "VIEW_3D"],
        ["rank", ranking, "TOTAL_3D_VIEWS"],
        ["domain", domain, null],
        ["workspace", workspace, null],
        ["asset", asset, null],
        ["zone", timeZone, OWN_TIME_ZONE],
    ];
    const given = texts.filter(
        (text): text is [string, string, string | null] => text[1] !== null && text[1] !== text[2],
    );
    const search = new URLSearchParams(given.map(([name, value]) => [name, value])).toString();
    return search && `?${search}`;
}

/** The ranges as variables of a query. */
export function rangesOf(
    { days, comparison, timeZone }: Filters,
    now: Date,
): {
    range: Bounds;
    before: Bounds;
    isCompared: boolean;
    timeZone: string;
} {
    const { day, time } = clockOf(timeZone, now);
    return {
        range: { start: days.from, end: days.to },
        before: boundsBefore(days, comparison, day, time),
        isCompared: comparison !== "none",
        timeZone,
    };
}

function ownDays(from: string | null, to: string | null, today: string): Days | undefined {
    if (!from || !to || !isDay(from) || !isDay(to) || from > to || from > today) return undefined;
    const days = { from, to: to > today ? today : to };
    return lengthOf(days) <= MOST_DAYS ? days : undefined;
}

function oneOf<Value extends string>(values: readonly Value[]): (text: string) => Value | undefined {
    return (text) => values.find((value) => value === text);
}

function timeZoneOf(text: string): string | undefined {
    try {
        return new Intl.DateTimeFormat("en", { timeZone: text }).resolvedOptions().timeZone && text;
    } catch {
        return undefined;
    }
}

function domainOf(text: string): string | undefined {
    return /^(\(other\)|(\*\.)?[^\s/:*()]{1,253})$/.test(text) ? text : undefined;
}

function decoded(text: string): string {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}
