import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { useSpeech } from "../app-context";

/** What the view is about: in the page, and in the browser's tab and history. */
export function Title({ title, words, children }: { title: string; words: string; children?: ComponentChildren }) {
    const { say } = useSpeech();
    useEffect(() => {
        document.title = `${title} · Viewgraph ${say("studio")}`;
    }, [title]);
    return (
        <header class="title">
            <div>
                <h1>{title}</h1>
                <p>{words}</p>
            </div>
            {children}
        </header>
    );
}
