import { useEffect, useState } from "preact/hooks";
import { OrganizationsDocument, type OrganizationsQuery } from "../documents";
import { ask } from "./ask";
import type { Session } from "./session";

export type Organization = OrganizationsQuery["organizations"]["edges"][number]["node"];

/** How long the first figures are left alone on the line. */
const PATIENCE_MS = 600;

/** Those of the viewer; null until they are known. They are asked for after the first figures, which do not need them. */
export function useOrganizations(session: Session | null): Organization[] | null {
  const [found, setFound] = useState<Organization[] | null>(null);
  useEffect(() => {
    setFound(null);
    if (!session) return undefined;
    const cancel = new AbortController();
    const begin = () =>
      ask(OrganizationsDocument, {}, { token: session.token, signal: cancel.signal })
        .then(({ data }) => setFound(data?.organizations.edges.map(({ node }) => node) ?? []))
        .catch(() => undefined);
    const timer = setTimeout(begin, session.publications.length ? PATIENCE_MS : 0);
    return () => {
      clearTimeout(timer);
      cancel.abort();
    };
  }, [session]);
  return found;
}
