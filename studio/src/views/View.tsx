import { useEffect } from "preact/hooks";
import { useApp } from "../app-context";
import { State } from "../parts/State";
import { OrganizationView } from "./assets/OrganizationView";
import { WorkspaceView } from "./assets/WorkspaceView";
import { PersonView } from "./person/PersonView";
import { PublicationView } from "./publication/PublicationView";

/** The view of the place that the address names. */
export function View() {
    const { place, session, organizations, go, speech } = useApp();
    const first = session?.publications[0];
    const organization = organizations?.[0];
    useEffect(() => {
        if (place.kind !== "home") return;
        if (first) go({ kind: "publications", name: first.customUrl });
        else if (organization) go({ kind: "organizations", name: organization.id });
        else if (session && organizations) go({ kind: "people", name: session.username });
    }, [place, session, organizations]);
    if (place.kind === "publications") return <PublicationView url={place.name} />;
    if (place.kind === "organizations") return <OrganizationView key={place.name} id={place.name} />;
    if (place.kind === "workspaces") return <WorkspaceView key={place.name} id={place.name} />;
    if (place.kind === "people") return <PersonView username={place.name} />;
    if (place.kind === "home") return null;
    return <State symbol="∅" title={speech.say("notFound")} words={speech.say("notFoundWords")} />;
}
