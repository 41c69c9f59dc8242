import { useSpeech } from "../../app-context";
import { ExperiencesByTypeDocument, ExperiencesFragmentDoc, type FragmentType, read } from "../../documents";
import { Bars } from "../../parts/Bars";
import { Panel } from "../../parts/Panel";

const TYPES = ["aiExpert", "aiNote", "quest", "podcast"] as const;

type Props = { publication: FragmentType<typeof ExperiencesFragmentDoc>; url: string };

export function Experiences({ publication, url }: Props) {
    const { say } = useSpeech();
    const { experienceCounts } = read(ExperiencesFragmentDoc, publication);
    if (!experienceCounts) return null;
    const bars = TYPES.map((type) => ({ name: say(type), count: experienceCounts[type] }));
    const head: [string, string] = [say("experiences"), say("count")];
    return (
        <Panel
            title={say("experiences")}
            query={{ document: ExperiencesByTypeDocument, variables: { url } }}
            table={{ head, rows: bars.map(({ name, count }) => [name, count]) }}
            isTable
        >
            <Bars bars={bars} head={head} caption={say("experiences")} />
        </Panel>
    );
}
