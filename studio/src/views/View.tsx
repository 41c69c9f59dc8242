import { useEffect } from "preact/hooks";
import { useApp } from "../app-context";
import { State } from "../parts/State";
import { PublicationView } from "./publication/PublicationView";

/** The view of the place that the address names. */
export function View() {
  const { place, session, go, speech } = useApp();
  const first = session?.publications[0];
  useEffect(() => {
    if (place.kind !== "home") return;
    if (first) go({ kind: "publications", name: first.customUrl });
    else if (session) go({ kind: "people", name: session.username });
  }, [place, session]);
  if (place.kind === "publications") return <PublicationView url={place.name} />;
  if (place.kind === "home") return null;
  return <State symbol="∅" title={speech.say("notFound")} words={speech.say("notFoundWords")} />;
}
