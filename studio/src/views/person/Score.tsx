import { useSpeech } from "../../app-context";
import { type FragmentType, ScoreFragmentDoc, ScoreOfAPersonDocument, read } from "../../documents";
import { Panel } from "../../parts/Panel";

const MOST = 10;

type Props = { insight: FragmentType<typeof ScoreFragmentDoc>; username: string };

export function Score({ insight, username }: Props) {
    const { say, number } = useSpeech();
    const { insightScore, insightScoreParts: parts } = read(ScoreFragmentDoc, insight);
    const rows: [string, number][] = [
        [say("reach"), Number(parts.reach)],
        [say("activity"), Number(parts.activity)],
        [say("interest"), Number(parts.interest)],
    ];
    const digits = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
    const all: [string, number][] = [[say("score"), Number(insightScore)], ...rows];
    return (
        <Panel
            title={say("score")}
            subtitle={say("scoreParts")}
            query={{ document: ScoreOfAPersonDocument, variables: { username } }}
            table={{ head: [say("figure"), say("count")], rows: all }}
            isTable
        >
            <p class="score" data-value={insightScore}>
                {number(Number(insightScore), digits)} <span>/ {number(MOST)}</span>
            </p>
            <dl class="meters">
                {rows.map(([name, value]) => (
                    <div key={name}>
                        <dt>{name}</dt>
                        <dd>
                            <span class="track" aria-hidden="true">
                                <span style={{ width: `${(100 * value) / MOST}%` }} />
                            </span>
                            {number(value, digits)}
                        </dd>
                    </div>
                ))}
            </dl>
        </Panel>
    );
}
