import { useRef, useState } from "preact/hooks";
import { useApp } from "../app-context";
import type { TypedDocumentString } from "../documents";
import { ask } from "./ask";

/** A page of a list in the order of the API, which has the oldest first. */
export type Page<Node> = {
    totalCount: number;
    edges: { node: Node }[];
    pageInfo: { hasPreviousPage: boolean; startCursor?: string | null };
};

/** The newest first. `before` is the cursor that leads to older ones, and null if there are none. */
type Seen<Node> = { nodes: Node[]; before: string | null };

export type Older<Node> = Seen<Node> & {
    total: number;
    isAsking: boolean;
    complaint: string;
    /** Says whether the list is now whole. */
    more: () => Promise<boolean>;
};

/** The newest of a list, which change while the page is open, and what was asked for behind them. */
export function useOlder<Node extends { id: string }, Data>(
    newest: Page<Node>,
    document: TypedDocumentString<Data, { url: string; before: string }>,
    url: string,
    pageOf: (data: Data) => Page<Node> | null | undefined,
): Older<Node> {
    const { speech, session, endSession } = useApp();
    const seen = useRef<Seen<Node> | null>(null);
    const [isAsking, setAsking] = useState(false);
    const [complaint, setComplaint] = useState("");
    const list = joined(seenOf(newest), seen.current);
    seen.current = list;

    async function more(): Promise<boolean> {
        const { before } = list;
        if (isAsking || !before) return false;
        setAsking(true);
        setComplaint(await problemOfAsking(before));
        setAsking(false);
        return !seen.current?.before;
    }
    async function problemOfAsking(before: string): Promise<string> {
        try {
            const { data, errors } = await ask(document, { url, before }, { token: session?.token });
            if (errors.some(({ extensions }) => extensions?.code === "UNAUTHENTICATED")) endSession();
            const page = data && pageOf(data);
            if (!page) return errors[0]?.message ?? speech.say("failed");
            append(before, seenOf(page));
            return "";
        } catch {
            return speech.say("unreachable");
        }
    }
    /** Only where it fits: the list may have begun anew since it was asked for. */
    function append(before: string, older: Seen<Node>): void {
        const { current } = seen;
        if (current?.before !== before) return;
        seen.current = { nodes: [...current.nodes, ...older.nodes], before: older.before };
    }

    const total = list.before ? newest.totalCount : list.nodes.length;
    return { ...list, total, isAsking, complaint, more };
}

function seenOf<Node>({ edges, pageInfo }: Page<Node>): Seen<Node> {
    const nodes = edges.map(({ node }) => node).reverse();
    return { nodes, before: pageInfo.hasPreviousPage ? (pageInfo.startCursor ?? null) : null };
}

/** The newest as they are now, and then the older ones. Where something may be missing between them, the newest alone. */
function joined<Node extends { id: string }>(newest: Seen<Node>, seen: Seen<Node> | null): Seen<Node> {
    const oldest = newest.nodes.at(-1);
    const at = seen && oldest ? seen.nodes.findIndex(({ id }) => id === oldest.id) : -1;
    const older = seen && at >= 0 ? seen.nodes.slice(at + 1) : [];
    return seen && older.length ? { nodes: [...newest.nodes, ...older], before: seen.before } : newest;
}
