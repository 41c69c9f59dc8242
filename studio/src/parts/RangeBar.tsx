import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../app-context";
import {
    COMPARISONS,
    type Comparison,
    type Interval,
    PERIODS,
    type Period,
    clockOf,
    intervalsFor,
    isDay,
    usualInterval,
} from "../ranges";
import { Choice } from "./Choice";
import { useTimeZones } from "./timeZones";

const COMPARED = { previous: "previous", year: "yearBefore", none: "none" } as const;

/** Which time is shown, in which zone, by which intervals, and compared with what. */
export function RangeBar({ children }: { children?: ComponentChildren }) {
    const { speech, filters, change } = useApp();
    const { say } = speech;
    const [isOwn, setOwn] = useState(filters.period === "own");
    const zones = useTimeZones(filters.timeZone);
    const period = isOwn ? "own" : filters.period;

    function choose(chosen: Period): void {
        setOwn(chosen === "own");
        if (chosen !== "own") change({ period: chosen });
    }
    return (
        <div class="range-bar">
            {children}
            <Choice
                label={say("range")}
                value={period}
                options={PERIODS.map((each) => [each, say(each)])}
                choose={(chosen) => choose(chosen as Period)}
            />
            <Choice
                label={say("compare")}
                value={filters.comparison}
                options={COMPARISONS.map((each) => [each, say(COMPARED[each])])}
                choose={(comparison) => change({ comparison: comparison as Comparison })}
            />
            <Choice
                label={say("interval")}
                value={filters.interval}
                options={intervalsFor(filters.days).map((each) => [each, say(each)])}
                choose={(interval) => change({ interval: interval as Interval })}
            />
            <Choice
                label={say("timeZone")}
                value={filters.timeZone}
                options={zones}
                choose={(timeZone) => change({ timeZone })}
            />
            {isOwn && <OwnRange />}
        </div>
    );
}

function OwnRange() {
    const { speech, filters, change, moment } = useApp();
    const { say } = speech;
    const today = clockOf(filters.timeZone, moment).day;
    const [from, setFrom] = useState(filters.days.from);
    const [to, setTo] = useState(filters.days.to);
    const isRight = isDay(from) && isDay(to) && from <= to;
    function show(event: Event): void {
        event.preventDefault();
        const days = { from, to };
        const interval = intervalsFor(days).includes(filters.interval) ? filters.interval : usualInterval(days);
        if (isRight) change({ period: "own", days, interval });
    }
    return (
        <form class="own" onSubmit={show}>
            <label>
                <span>{say("from")}</span>
                <input
                    type="date"
                    value={from}
                    max={to}
                    required
                    onInput={(event) => setFrom(event.currentTarget.value)}
                />
            </label>
            <label>
                <span>{say("to")}</span>
                <input
                    type="date"
                    value={to}
                    min={from}
                    max={today}
                    required
                    onInput={(event) => setTo(event.currentTarget.value)}
                />
            </label>
            <button type="submit" class="primary" disabled={!isRight}>
                {say("show")}
            </button>
        </form>
    );
}
