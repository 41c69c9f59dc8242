import { useEffect, useState } from "preact/hooks";
import { OrganizationsDocument, type OrganizationsQuery } from "../documents";
import { ask } from "./ask";
import { firstFigures } from "../first-figures";
import type { Session } from "./session";

export type Organization = OrganizationsQuery["organizations"]["edges"][number]["node"];

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
        // Without a publication, the first view may be that of an organization.
        if (session.publications.length) void firstFigures.then(() => (cancel.signal.aborted ? undefined : begin()));
        else void begin();
        return () => cancel.abort();
    }, [session]);
    return found;
}
