import { useSpeech } from "../../app-context";
import { ActionsBySitesDocument, type FragmentType, SitesFragmentDoc, read } from "../../documents";
import { Bars, summed } from "../../parts/Bars";
import { Panel } from "../../parts/Panel";
import { siteName } from "../../parts/sites";
import type { PublicationVariables } from "./PublicationView";

type Props = { publication: FragmentType<typeof SitesFragmentDoc>; variables: PublicationVariables };

export function Sites({ publication, variables }: Props) {
    const { say } = useSpeech();
    const { sites } = read(SitesFragmentDoc, publication);
    const bars = summed(sites?.points ?? [], ({ domain }) => siteName(domain, say));
    const head: [string, string] = [say("site"), say(variables.action)];
    return (
        <Panel
            title={say("sites")}
            subtitle={say(variables.action)}
            query={{ document: ActionsBySitesDocument, variables }}
            table={{ head, rows: bars.map(({ name, count }) => [name, count]) }}
            isTable
        >
            <Bars bars={bars} head={head} caption={say("sites")} />
        </Panel>
    );
}
