import type { TypedDocumentString } from "../documents";
import { ROOT } from "../root";

export type GraphQLError = {
    message: string;
    path?: (string | number)[];
    extensions?: { code?: string; reason?: string; retryAfter?: number };
};

/** Both may be there: fields that the viewer may not see are null, each with its error. */
export type Answer<Data> = { data: Data | null; errors: GraphQLError[] };

/** The server could not be reached, or its answer was no answer. */
export class Unreachable extends Error {}

export function headersFor(token: string | undefined): Record<string, string> {
    return token ? { authorization: `Bearer ${token}` } : {};
}

/** The server has the studio's documents, and knows them by their hashes. */
export function persisted<Data, Variables>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
): { documentId: string; variables: Variables } {
    return { documentId: String(document.__meta__?.["hash"]), variables };
}

export async function ask<Data, Variables>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
    { token, signal }: { token?: string | undefined; signal?: AbortSignal } = {},
): Promise<Answer<Data>> {
    try {
        const response = await fetch(`${ROOT}/graphql`, {
            method: "POST",
            headers: {
                accept: "application/graphql-response+json, application/json",
                "content-type": "application/json",
                ...headersFor(token),
            },
            body: JSON.stringify(persisted(document, variables)),
            ...(signal && { signal }),
        });
        const { data = null, errors = [] } = await response.json();
        return { data, errors };
    } catch (error) {
        if (signal?.aborted) throw error;
        throw new Unreachable(String(error));
    }
}
