import { useSpeech } from "../../app-context";
import { ActionsByDevicesDocument, DevicesFragmentDoc, type FragmentType, read } from "../../documents";
import { Bars, summed } from "../../parts/Bars";
import { Panel } from "../../parts/Panel";
import type { PublicationVariables } from "./PublicationView";

type Props = { publication: FragmentType<typeof DevicesFragmentDoc>; variables: PublicationVariables };

export function Devices({ publication, variables }: Props) {
    const { say } = useSpeech();
    const { devices } = read(DevicesFragmentDoc, publication);
    const bars = summed(devices?.points ?? [], ({ deviceCategory }) => say(deviceCategory ?? "otherDevice"));
    const head: [string, string] = [say("device"), say(variables.action)];
    return (
        <Panel
            title={say("devices")}
            subtitle={say(variables.action)}
            query={{ document: ActionsByDevicesDocument, variables }}
            table={{ head, rows: bars.map(({ name, count }) => [name, count]) }}
            isTable
        >
            <Bars bars={bars} head={head} caption={say("devices")} />
        </Panel>
    );
}
