import { useSpeech } from "../../app-context";
import { type FragmentType, WorksFragmentDoc, WorksOfAPersonDocument, read } from "../../documents";
import { DataTable } from "../../parts/DataTable";
import { Panel } from "../../parts/Panel";

const SOURCES = { YOUTUBE: "YouTube", SOUNDCLOUD: "SoundCloud" };

type Props = { insight: FragmentType<typeof WorksFragmentDoc>; username: string };

export function Works({ insight, username }: Props) {
    const { say } = useSpeech();
    const { works } = read(WorksFragmentDoc, insight);
    const table = {
        head: [say("work"), say("source"), say("playsThere"), say("playsHere")],
        rows: works.map(({ itemId, sourceType, nonAppPlays, inAppPlays }) => [
            itemId,
            SOURCES[sourceType],
            nonAppPlays ?? say("unknownNumber"),
            inAppPlays,
        ]),
    };
    return (
        <Panel
            title={say("works")}
            query={{ document: WorksOfAPersonDocument, variables: { username } }}
            table={table}
            isTable
            isWide
        >
            {works.length ? (
                <DataTable table={table} caption={say("works")} />
            ) : (
                <p class="nothing">{say("noWorks")}</p>
            )}
        </Panel>
    );
}
