import { useApp } from "../../app-context";
import { bucketsOf } from "../../chart/buckets";
import { TimeChart } from "../../chart/TimeChart";
import {
    AssetSeriesFragmentDoc,
    AssetSeriesOfOrganizationDocument,
    AssetSeriesOfWorkspaceDocument,
    type FragmentType,
    read,
} from "../../documents";
import { Panel } from "../../parts/Panel";
import { ReportLinks } from "./ReportLinks";
import { type AssetVariables, queryFor } from "./scope";

type Props = {
    metrics: FragmentType<typeof AssetSeriesFragmentDoc>;
    variables: AssetVariables;
    token: string | undefined;
};

const DEVICES = ["DESKTOP", "MOBILE", "TABLET", null] as const;

/** Views over time, one line for each kind of device that occurs. */
export function AssetSeries({ metrics, variables, token }: Props) {
    const { speech } = useApp();
    const { say, days } = speech;
    const { points } = read(AssetSeriesFragmentDoc, metrics).series;
    const { range, timeZone, interval, viewType } = variables;
    const firsts = points.filter(({ start }, index) => points[index - 1]?.start !== start);
    const buckets = bucketsOf(firsts, undefined, interval, timeZone, speech);
    const lines = DEVICES.filter((device) => points.some(({ deviceCategory }) => deviceCategory === device)).map(
        (device) => ({
            name: say(device ?? "otherDevice"),
            values: points.filter(({ deviceCategory }) => deviceCategory === device).map(({ count }) => count),
        }),
    );
    const figure = say(viewType === "VIEW_3D" ? "view3D" : "viewAR");
    const title = say("byDevice", { figure });
    const table = {
        head: [say("bucket"), ...lines.map(({ name }) => name), say("total")],
        rows: buckets.map(({ label, note }, index) => {
            const counts = lines.map(({ values }) => values[index] ?? 0);
            return [note ? `${label}, ${note}` : label, ...counts, counts.reduce((sum, count) => sum + count, 0)];
        }),
    };
    return (
        <Panel
            title={title}
            subtitle={days(range.start, range.end)}
            query={queryFor(variables, AssetSeriesOfOrganizationDocument, AssetSeriesOfWorkspaceDocument)}
            table={table}
            isWide
            tools={<ReportLinks variables={variables} token={token} />}
        >
            {lines.length ? (
                <TimeChart
                    label={say("inRange", { figure: title, range: days(range.start, range.end) })}
                    hint={say("keyboardHint")}
                    lines={lines}
                    buckets={buckets}
                />
            ) : (
                <p class="nothing tall">
                    {say("empty")}. {say("emptyWords")}
                </p>
            )}
        </Panel>
    );
}
