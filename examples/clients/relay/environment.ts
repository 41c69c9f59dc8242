import { Environment, type FetchFunction, Network } from "relay-runtime";

/** `token` is asked before each request, so that a newer one takes over. */
export function createEnvironment(url: string, token: () => string | undefined): Environment {
  const ask: FetchFunction = async ({ id, text }, variables) => {
    const bearer = token();
    const response = await fetch(url, {
      method: "POST",
      headers: {
        accept: "application/graphql-response+json, application/json",
        "content-type": "application/json",
        ...(bearer && { authorization: `Bearer ${bearer}` }),
      },
      // Relay's compiler leaves either the text in what it makes, or the id under which it stored it.
      body: JSON.stringify(id ? { documentId: id, variables } : { query: text, variables }),
    });
    return response.json();
  };
  return new Environment({ network: Network.create(ask) });
}
