import { createClient } from "graphql-sse";
import type { TypedDocumentString } from "../documents";
import { ROOT } from "../root";
import { type Answer, headersFor, persisted } from "./ask";

/** Calls `tell` with each answer, and connects again when the connection is lost. Returns what ends it. */
export function watch<Data, Variables>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
    token: string | undefined,
    tell: (answer: Answer<Data>) => void,
    isConnected: (connected: boolean) => void,
): () => void {
    const client = createClient({
        url: `${ROOT}/graphql`,
        headers: headersFor(token),
        retryAttempts: Number.MAX_SAFE_INTEGER,
        retry: async (retries) => {
            isConnected(false);
            await new Promise((resolve) => setTimeout(resolve, Math.min(1000 * 2 ** retries, 30_000)));
        },
    });
    // Its types ask for the text of a document, and it sends what it is given.
    const request = persisted(document, variables) as unknown as { query: string };
    const stop = client.subscribe<Data>(request, {
        next: ({ data, errors }) => {
            isConnected(true);
            tell({ data: data ?? null, errors: (errors as Answer<Data>["errors"] | undefined) ?? [] });
        },
        error: () => isConnected(false),
        complete: () => isConnected(false),
    });
    return () => {
        stop();
        client.dispose();
    };
}
