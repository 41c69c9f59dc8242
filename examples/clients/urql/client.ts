import { cacheExchange, Client, type CombinedError, fetchExchange, subscriptionExchange } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";
import { createClient as createSocket } from "graphql-ws";

type Options = {
  /** Asked before each request, so that a newer one takes over. */
  token?: () => string | undefined;
  /** Whether subscriptions come over a WebSocket; otherwise they come as server-sent events. */
  socket?: boolean;
};

export function createClient(url: string, { token, socket = false }: Options = {}): Client {
  const authorization = (): Record<string, string> => {
    const bearer = token?.();
    return bearer ? { authorization: `Bearer ${bearer}` } : {};
  };
  return new Client({
    url,
    exchanges: [
      cacheExchange,
      persistedExchange({ preferGetForPersistedQueries: true }),
      ...(socket ? [overSocket(url, authorization)] : []),
      fetchExchange,
    ],
    fetchSubscriptions: !socket,
    fetchOptions: () => ({ headers: authorization() }),
  });
}

/** The socket is open while there is something to follow. */
function overSocket(url: string, authorization: () => Record<string, string>) {
  const socket = createSocket({ url: url.replace(/^http/, "ws"), connectionParams: authorization });
  return subscriptionExchange({
    forwardSubscription: ({ query = "", variables }) => ({
      subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
    }),
  });
}

/** What went wrong, by the codes on which a program may rely. */
export function codes(error: CombinedError | undefined): unknown[] {
  if (error?.networkError) throw error.networkError;
  return error?.graphQLErrors.map(({ extensions }) => extensions["code"]) ?? [];
}
