import { cacheExchange, Client, type CombinedError, fetchExchange } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";

/** `token` is asked before each request, so that a newer one takes over. */
export function createClient(url: string, token: () => string | undefined): Client {
  return new Client({
    url,
    exchanges: [cacheExchange, persistedExchange({ preferGetForPersistedQueries: true }), fetchExchange],
    fetchOptions: () => {
      const bearer = token();
      return {
        headers: {
          ...(bearer && { authorization: `Bearer ${bearer}` }),
          // urql's GETs carry nothing else that makes a browser ask first, and are refused without.
          "graphql-require-preflight": "1",
        },
      };
    },
  });
}

/** What went wrong, by the codes on which a program may rely. */
export function codes(error: CombinedError | undefined): unknown[] {
  if (error?.networkError) throw error.networkError;
  return error?.graphQLErrors.map(({ extensions }) => extensions["code"]) ?? [];
}
