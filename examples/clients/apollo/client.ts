import {
  ApolloClient,
  ApolloLink,
  CombinedGraphQLErrors,
  CombinedProtocolErrors,
  HttpLink,
  InMemoryCache,
} from "@apollo/client";
import { SetContextLink } from "@apollo/client/link/context";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { relayStylePagination } from "@apollo/client/utilities";

/** Fragments on an interface need it; the test beside this file compares it with the schema. */
export const possibleTypes = {
  Node: [
    "Appointment",
    "Asset",
    "Comment",
    "Experience",
    "Invitation",
    "Organization",
    "Publication",
    "User",
    "UserInsight",
    "Workspace",
  ],
};

// A field that is denied is null, and the rest of the answer is still good.
declare module "@apollo/client" {
  namespace ApolloClient {
    namespace DeclareDefaultOptions {
      interface Query {
        errorPolicy: "all";
      }
      interface WatchQuery {
        errorPolicy: "all";
      }
    }
  }
}

/** `token` is asked before each request, so that a newer one takes over. */
export function createClient(url: string, token: () => string | undefined): ApolloClient {
  const authorization = new SetContextLink(({ headers }) => {
    const bearer = token();
    return { headers: bearer ? { ...headers, authorization: `Bearer ${bearer}` } : headers };
  });
  const hashes = new PersistedQueryLink({ sha256, useGETForHashedQueries: true });
  return new ApolloClient({
    link: ApolloLink.from([authorization, hashes, new HttpLink({ uri: url })]),
    // What has an `id` is kept once, under its type and id, whoever asked for it.
    cache: new InMemoryCache({
      possibleTypes,
      typePolicies: {
        // Figures have no id: those that one query brings are added to those of another.
        EngagementMetrics: { merge: true },
        Query: { fields: { publications: relayStylePagination(["orderBy"]) } },
      },
    }),
    defaultOptions: { query: { errorPolicy: "all" }, watchQuery: { errorPolicy: "all" } },
  });
}

/** What went wrong, by the codes on which a program may rely. */
export function codes(error: unknown): unknown[] {
  if (CombinedGraphQLErrors.is(error) || CombinedProtocolErrors.is(error)) {
    return error.errors.map(({ extensions }) => extensions?.["code"]);
  }
  throw error;
}

/** Browsers have `crypto.subtle` on https, and on localhost. */
async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
