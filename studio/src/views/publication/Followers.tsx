import { useSpeech } from "../../app-context";
import { FollowersFragmentDoc, FollowersOfThePublicationDocument, type FragmentType, read } from "../../documents";
import { List } from "../../parts/List";
import { Panel } from "../../parts/Panel";

type Props = { publication: FragmentType<typeof FollowersFragmentDoc>; url: string };

export function Followers({ publication, url }: Props) {
    const { say } = useSpeech();
    const { socialMetrics, activity } = read(FollowersFragmentDoc, publication);
    if (!socialMetrics || !activity) return null;
    const rows: [string, number][] = [
        [say("followers"), socialMetrics.followersCount],
        [say("following"), socialMetrics.followingCount],
        [say("monthlyActiveUsers"), activity.monthlyActiveUsers],
    ];
    return (
        <Panel
            title={say("audience")}
            query={{ document: FollowersOfThePublicationDocument, variables: { url } }}
            table={{ head: [say("figure"), say("count")], rows }}
            isTable
        >
            <List rows={rows} />
        </Panel>
    );
}
