import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import type { Older } from "../api/useOlder";
import { useApp } from "../app-context";
import type { Table } from "./csv";
import { Link } from "./Link";
import { Panel, type PanelQuery } from "./Panel";

type Person = { username: string; name?: string | null };

type Props<Node> = {
    title: string;
    head: [string, string];
    /** In place of an empty list. */
    nothing: string;
    older: Older<Node>;
    personOf: (node: Node) => Person;
    query: PanelQuery;
    /** As a file, with its times as the API has them. */
    table: Table;
    children: (node: Node) => ComponentChildren;
};

/** What people left, each with the person and the time, and a button for more. */
export function Newest<Node extends { id: string; createdAt: string }>({
    title,
    head,
    nothing,
    older,
    personOf,
    query,
    table,
    children,
}: Props<Node>) {
    return (
        <Panel title={title} query={query} table={table} isTable>
            {older.nodes.length ? (
                <>
                    <table class="data left">
                        <caption class="unseen">{title}</caption>
                        <thead>
                            <tr>
                                <th scope="col">{head[0]}</th>
                                <th scope="col">{head[1]}</th>
                            </tr>
                        </thead>
                        <tbody>
                            {older.nodes.map((node) => (
                                <tr key={node.id}>
                                    <th scope="row">
                                        <PersonLink person={personOf(node)} /> <Moment at={node.createdAt} />
                                    </th>
                                    <td dir="auto">{children(node)}</td>
                                </tr>
                            ))}
                        </tbody>
                    </table>
                    <More title={title} older={older} />
                </>
            ) : (
                <p class="nothing">{nothing}</p>
            )}
        </Panel>
    );
}

function PersonLink({ person: { username, name } }: { person: Person }) {
    return (
        <Link to={{ kind: "people", name: username }}>
            <bdi>{name ?? username}</bdi>
        </Link>
    );
}

/** In the time zone that was chosen. */
export function Moment({ at }: { at: string }) {
    const { speech, filters } = useApp();
    return (
        <time dateTime={at}>{speech.time(at, filters.timeZone, { dateStyle: "medium", timeStyle: "short" })}</time>
    );
}

function More<Node>({ title, older }: { title: string; older: Older<Node> }) {
    const { say, number } = useApp().speech;
    const count = useRef<HTMLParagraphElement>(null);
    /** The button goes with the last page, and the focus would go with it. */
    async function show(): Promise<void> {
        if (await older.more()) count.current?.focus();
    }
    return (
        <div class="more">
            {older.before && (
                <button
                    type="button"
                    aria-label={say("moreOf", { title })}
                    aria-disabled={older.isAsking}
                    onClick={() => void show()}
                >
                    {say("more")}
                </button>
            )}
            <p role="status" tabIndex={-1} ref={count}>
                {say("shownOf", { shown: number(older.nodes.length), total: number(older.total) })}
            </p>
            <p role="status" class="complaint">
                {older.complaint}
            </p>
        </div>
    );
}
