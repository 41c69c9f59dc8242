import { useState } from "preact/hooks";
import { useSpeech } from "../app-context";
import type { PanelQuery } from "./Panel";
import { Query } from "./Query";
import { type Table, csvOf, download } from "./csv";

type Props = { title: string; words: string; table: Table; query: PanelQuery };

/** The figures of the cards as a file, and the query that asks for them. */
export function CardTools({ title, words, table, query }: Props) {
    const { say } = useSpeech();
    const [isQueried, setQueried] = useState(false);
    return (
        <div class="card-tools">
            <p>{words}</p>
            <div class="tools">
                <button
                    type="button"
                    aria-label={say("csvOf", { title })}
                    onClick={() => download(title, csvOf(table))}
                >
                    {say("csv")}
                </button>
                <button
                    type="button"
                    aria-expanded={isQueried}
                    aria-label={say("queryOf", { title })}
                    onClick={() => setQueried(!isQueried)}
                >
                    {say("query")}
                </button>
            </div>
            {isQueried && <Query {...query} />}
        </div>
    );
}
