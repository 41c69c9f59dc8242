import { useApp } from "../../app-context";
import { NowDocument } from "../../documents";
import { Panel } from "../../parts/Panel";
import { TOTALS } from "./Engagement";
import type { PublicationVariables } from "./PublicationView";
import type { NowState } from "./useNow";

/** What happened since an hour before the page was opened, as it happens. */
export function Now({ now, variables }: { now: NowState; variables: PublicationVariables }) {
    const { speech } = useApp();
    const { say, number, time } = speech;
    const { url, range, timeZone } = variables;
    const hour = { start: now.since, end: range.end };
    const rows = now.hour ? TOTALS.map(([action, of]): [string, number] => [say(action), of(now.hour!)]) : [];
    return (
        <Panel
            title={say("now")}
            subtitle={say("since", { time: time(now.since, timeZone, { timeStyle: "short" }) })}
            query={{ document: NowDocument, variables: { url, range, hour, timeZone } }}
            table={{ head: [say("figure"), say("count")], rows }}
            isTable
            tools={
                <span class={now.isConnected ? "live on" : "live"} role="status">
                    {say(now.isConnected ? "live" : "notLive")}
                </span>
            }
        >
            <ul class="now">
                {rows.map(([name, count]) => (
                    <li key={name}>
                        <b>{number(count)}</b> {name}
                    </li>
                ))}
            </ul>
            <div role="log" aria-live="polite" class="happenings">
                {now.happenings.length ? (
                    <ol>
                        {now.happenings.map(({ at, action, count }) => (
                            <li key={at + action}>
                                <time dateTime={at}>{time(at, timeZone, { timeStyle: "medium" })}</time>{" "}
                                {say("happened", { count: number(count), figure: say(action) })}
                            </li>
                        ))}
                    </ol>
                ) : (
                    <p class="nothing">{say("waiting")}</p>
                )}
            </div>
        </Panel>
    );
}
