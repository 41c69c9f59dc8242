import { useApp } from "../../app-context";
import { bucketsOf } from "../../chart/buckets";
import { TimeChart } from "../../chart/TimeChart";
import { ActionSeriesDocument, type FragmentType, SeriesFragmentDoc, read } from "../../documents";
import { daysOfBounds } from "../../words";
import { Panel } from "../../parts/Panel";
import type { PublicationVariables } from "./PublicationView";

type Props = { publication: FragmentType<typeof SeriesFragmentDoc>; variables: PublicationVariables };

/** The chosen action over time, with the period before behind it. */
export function Series({ publication, variables }: Props) {
    const { speech, filters } = useApp();
    const { say, days } = speech;
    const { series, seriesBefore } = read(SeriesFragmentDoc, publication);
    if (!series) return null;
    const before = seriesBefore?.points;
    const { timeZone, action, range } = variables;
    const buckets = bucketsOf(series.points, before, variables.interval, timeZone, speech);
    const title = say(action);
    const isEmpty = ![...series.points, ...(before ?? [])].some(({ count }) => count);
    const old = before && series.points.map((_, index) => before[index]?.count ?? null);
    const table = {
        head: [say("bucket"), title, ...(before ? [say("previous"), `${title}, ${say("before")}`] : [])],
        rows: series.points.map(({ count }, index) => [
            [buckets[index]?.label, buckets[index]?.note].filter(Boolean).join(", "),
            count,
            ...(before ? [buckets[index]?.before ?? null, before[index]?.count ?? null] : []),
        ]),
    };
    return (
        <Panel
            title={title}
            subtitle={days(range.start, range.end)}
            query={{ document: ActionSeriesDocument, variables }}
            table={table}
            isWide
        >
            {isEmpty ? (
                <p class="nothing tall">
                    {say("empty")}. {say("emptyWords")}
                </p>
            ) : (
                <TimeChart
                    label={say("inRange", { figure: title, range: days(filters.days.from, filters.days.to) })}
                    hint={say("keyboardHint")}
                    lines={[
                        { name: title, values: series.points.map(({ count }) => count), ...(old && { before: old }) },
                    ]}
                    buckets={buckets}
                    before={old && daysOfBounds(variables.before, speech)}
                />
            )}
        </Panel>
    );
}
