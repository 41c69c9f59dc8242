import type { TypedDocumentString } from "./gql/graphql";

type GraphQLError = { message: string; path?: (string | number)[]; extensions: { code: string } };
export type Answer<Data> = { data: Data | null; errors?: GraphQLError[] };

/** With `trusted`, documents are asked for by their ids: for a server that was given their manifest. */
export function createClient(
  url: string,
  { token, trusted = false }: { token?: string; trusted?: boolean } = {},
) {
  return async function ask<Data, Variables>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
  ): Promise<Answer<Data>> {
    const documentId = document.__meta__?.["hash"];
    const response = await fetch(url, {
      method: "POST",
      headers: {
        accept: "application/graphql-response+json, application/json",
        "content-type": "application/json",
        ...(token && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(trusted ? { documentId, variables } : { query: document.toString(), variables }),
    });
    const { data = null, errors } = await response.json();
    return { data, errors };
  };
}
