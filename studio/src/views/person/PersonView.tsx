import { useAnswer } from "../../api/useAnswer";
import { useApp } from "../../app-context";
import { PersonViewDocument } from "../../documents";
import { Figures } from "../../parts/Figures";
import { List } from "../../parts/List";
import { Panel } from "../../parts/Panel";
import { Problem, problemOf } from "../../parts/Problem";
import { Title } from "../../parts/Title";
import { State } from "../../parts/State";
import { Reach } from "./Reach";
import { Score } from "./Score";
import { Works } from "./Works";

export function PersonView({ username }: { username: string }) {
    const { speech, session } = useApp();
    const { say } = speech;
    const isSelf = session?.username === username;
    const variables = { username, isSelf };
    const asked = useAnswer(PersonViewDocument, variables);
    return (
        <Figures asked={asked}>
            {({ data, errors }) => {
                const person = data?.user;
                if (!person) return <Problem problem={problemOf(errors)} again={asked.again} />;
                const { insight } = person;
                const own = insight && isSelf ? profileOf(insight, say) : null;
                return (
                    <>
                        <Title title={person.name ?? person.username} words={`@${person.username}`} />
                        {insight ? (
                            <div class="panels person">
                                <Score insight={insight} username={username} />
                                <Reach insight={insight} username={username} />
                                {own && (
                                    <Panel
                                        title={say("profileViews")}
                                        subtitle={say("onlyThem")}
                                        query={{ document: PersonViewDocument, variables }}
                                        table={{ head: [say("figure"), say("count")], rows: own }}
                                        isTable
                                    >
                                        <List rows={own} />
                                    </Panel>
                                )}
                                <Works insight={insight} username={username} />
                            </div>
                        ) : (
                            <State symbol="∅" title={say("noInsight")} words={say("noInsightWords")} />
                        )}
                    </>
                );
            }}
        </Figures>
    );
}

function profileOf(
    { profileViews, profileSearches }: { profileViews?: number | null; profileSearches?: number | null },
    say: ReturnType<typeof useApp>["speech"]["say"],
): [string, number | null][] {
    return [
        [say("profileViews"), profileViews ?? null],
        [say("profileSearches"), profileSearches ?? null],
    ];
}
