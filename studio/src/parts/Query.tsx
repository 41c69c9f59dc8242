import { useState } from "preact/hooks";
import { useApp } from "../app-context";
import { ROOT } from "../root";
import type { PanelQuery } from "./Panel";

/** What the panel shows, as somebody would ask for it. GraphiQL takes it from the part of the address that is not sent. */
export function Query({ document, variables }: PanelQuery) {
    const { speech, hasEditor } = useApp();
    const [isCopied, setCopied] = useState(false);
    const text = document
        .toString()
        .trim()
        .replace(/\n {4}fragment/g, "\n\nfragment");
    const given = JSON.stringify(variables, null, 2);
    const address = `${ROOT}/graphql#${new URLSearchParams({ query: text, variables: given })}`;
    async function copy(): Promise<void> {
        await navigator.clipboard.writeText(text);
        setCopied(true);
    }
    return (
        <div class="query">
            <div class="tools">
                {hasEditor && (
                    <a href={address} target="_blank" rel="noopener">
                        {speech.say("openInGraphiQL")} ↗
                    </a>
                )}
                <button type="button" onClick={copy}>
                    <span role="status">{speech.say(isCopied ? "copied" : "copy")}</span>
                </button>
            </div>
            <pre tabIndex={0}>{text}</pre>
            <h3>{speech.say("variables")}</h3>
            <pre tabIndex={0}>{given}</pre>
        </div>
    );
}
