import { useApp } from "../app-context";
import { ROOT } from "../root";
import { Copy } from "./Copy";
import type { PanelQuery } from "./Panel";

/** What the panel shows, as somebody would ask for it. GraphiQL takes it from the part of the address that is not sent. */
export function Query({ document, variables }: PanelQuery) {
    const { speech, hasEditor } = useApp();
    const text = document
        .toString()
        .trim()
        .replace(/\n {4}fragment/g, "\n\nfragment");
    const given = JSON.stringify(variables, null, 2);
    const address = `${ROOT}/graphql#${new URLSearchParams({ query: text, variables: given })}`;
    return (
        <div class="query">
            <div class="tools">
                {hasEditor && (
                    <a href={address} target="_blank" rel="noopener">
                        {speech.say("openInGraphiQL")} ↗
                    </a>
                )}
                <Copy text={text} />
            </div>
            <pre tabIndex={0}>{text}</pre>
            <h3>{speech.say("variables")}</h3>
            <pre tabIndex={0}>{given}</pre>
        </div>
    );
}
