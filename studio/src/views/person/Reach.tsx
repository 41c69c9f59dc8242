import { useApp } from "../../app-context";
import { type FragmentType, ReachFragmentDoc, ReachOfAPersonDocument, read } from "../../documents";
import { List } from "../../parts/List";
import { Panel } from "../../parts/Panel";

type Props = { insight: FragmentType<typeof ReachFragmentDoc>; username: string };

export function Reach({ insight, username }: Props) {
    const { speech, filters } = useApp();
    const { say, time } = speech;
    const reach = read(ReachFragmentDoc, insight);
    const rows: [string, number | null][] = [
        [named("X", reach.twitterHandle), reach.twitterFollowersCount ?? null],
        [named("Instagram", reach.instagramHandle), reach.instagramFollowersCount ?? null],
        ["Facebook", reach.facebookPageFollowersCount ?? null],
        [say("connects"), reach.connects],
    ];
    const at = reach.refreshedAt;
    return (
        <Panel
            title={say("reach")}
            subtitle={
                at
                    ? say("asOf", { date: time(at, filters.timeZone, { dateStyle: "medium", timeStyle: "short" }) })
                    : undefined
            }
            query={{ document: ReachOfAPersonDocument, variables: { username } }}
            table={{ head: [say("figure"), say("count")], rows }}
            isTable
        >
            <List rows={rows} />
        </Panel>
    );
}

function named(network: string, handle: string | null | undefined): string {
    return handle ? `${network} (@${handle})` : network;
}
