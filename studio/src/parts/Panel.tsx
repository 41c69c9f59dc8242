import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import { useApp } from "../app-context";
import type { TypedDocumentString } from "../documents";
import { DataTable } from "./DataTable";
import { type Table, csvOf, download } from "./csv";
import { Query } from "./Query";

export type PanelQuery = { document: TypedDocumentString<any, any>; variables: object };

type Props = {
    title: string;
    subtitle?: string | undefined;
    query?: PanelQuery;
    /** What the picture shows, as rows. */
    table?: Table | null;
    /** The picture is a table itself, so there is none behind it. */
    isTable?: boolean;
    isWide?: boolean;
    tools?: ComponentChildren;
    children: ComponentChildren;
};

export function Panel({ title, subtitle, query, table, isTable, isWide, tools, children }: Props) {
    const { say } = useApp().speech;
    const [shown, setShown] = useState<"picture" | "table">("picture");
    const [isQueried, setQueried] = useState(false);
    const id = useId();
    const isTabular = shown === "table" && table;
    return (
        <section class={isWide ? "panel wide" : "panel"} aria-labelledby={id}>
            <header>
                <div>
                    <h2 id={id}>{title}</h2>
                    {subtitle && <p>{subtitle}</p>}
                </div>
                <div class="tools">
                    {tools}
                    {table && !isTable && (
                        <button
                            type="button"
                            aria-pressed={shown === "table"}
                            aria-label={say("tableOf", { title })}
                            onClick={() => setShown(shown === "table" ? "picture" : "table")}
                        >
                            {say("table")}
                        </button>
                    )}
                    {table && (
                        <button
                            type="button"
                            aria-label={say("csvOf", { title })}
                            onClick={() => download(title, csvOf(table))}
                        >
                            {say("csv")}
                        </button>
                    )}
                    {query && (
                        <button
                            type="button"
                            aria-expanded={isQueried}
                            aria-label={say("queryOf", { title })}
                            onClick={() => setQueried(!isQueried)}
                        >
                            {say("query")}
                        </button>
                    )}
                </div>
            </header>
            {isTabular ? <DataTable table={table} caption={title} /> : children}
            {query && isQueried && <Query {...query} />}
        </section>
    );
}
