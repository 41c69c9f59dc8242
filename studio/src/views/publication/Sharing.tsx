import { useRef, useState } from "preact/hooks";
import { ask } from "../../api/ask";
import { useApp } from "../../app-context";
import {
    type FragmentType,
    type PublicationFigure,
    ShareFiguresDocument,
    SharedFiguresDocument,
    SharingFragmentDoc,
    read,
} from "../../documents";
import { Copy } from "../../parts/Copy";
import { Panel } from "../../parts/Panel";
import { ROOT } from "../../root";
import type { Word } from "../../words";

const WORDS: [PublicationFigure, Word][] = [
    ["TOTAL_VIEWS", "VIEW"],
    ["TOTAL_LIKES", "LIKE"],
    ["TOTAL_BOOKMARKS", "BOOKMARK"],
    ["TOTAL_SHARES", "SHARE"],
    ["TOTAL_COMMENTS", "COMMENT"],
    ["TOTAL_APPOINTMENTS", "BOOK"],
    ["MONTHLY_ACTIVE_USERS", "monthlyActiveUsers"],
];

type Props = { publication: FragmentType<typeof SharingFragmentDoc>; name: string; url: string };

/** The owner chooses what everybody sees, and gets the lines for other pages. What is chosen last is shown last. */
export function Sharing({ publication, name, url }: Props) {
    const { speech, session } = useApp();
    const { say } = speech;
    const { id, sharedFigures } = read(SharingFragmentDoc, publication);
    const [shared, setShared] = useState(() => sharedFigures?.map(({ figure }) => figure) ?? []);
    const [saved, setSaved] = useState(shared);
    const last = useRef(shared);
    const [complaint, setComplaint] = useState("");
    const saving = useRef(Promise.resolve());

    /** One change after the other, so that the last one stays. What cannot be saved is not shown as if it were. */
    function share(figures: PublicationFigure[]): void {
        setShared(figures);
        saving.current = saving.current.then(async () => {
            const problem = await problemOfSharing(figures);
            setComplaint(problem);
            if (problem) return setShared(last.current);
            last.current = figures;
            setSaved(figures);
        });
    }
    async function problemOfSharing(figures: PublicationFigure[]): Promise<string> {
        try {
            const { errors } = await ask(ShareFiguresDocument, { id, figures }, { token: session?.token });
            return errors[0]?.message ?? "";
        } catch {
            return say("unreachable");
        }
    }

    return (
        <Panel title={say("sharing")} query={{ document: SharedFiguresDocument, variables: { url } }} isWide>
            <fieldset class="sharing">
                <legend>{say(saved.length ? "sharingWords" : "shownNone")}</legend>
                {WORDS.map(([figure, word]) => (
                    <label key={figure}>
                        <input
                            type="checkbox"
                            checked={shared.includes(figure)}
                            onChange={({ currentTarget }) =>
                                share(
                                    currentTarget.checked
                                        ? [...shared, figure]
                                        : shared.filter((each) => each !== figure),
                                )
                            }
                        />
                        {say(word)}
                    </label>
                ))}
            </fieldset>
            <p role="status" class="complaint">
                {complaint}
            </p>
            {saved.length > 0 && <Snippets id={id} name={name} version={saved.join()} />}
        </Panel>
    );
}

function Snippets({ id, name, version }: { id: string; name: string; version: string }) {
    const { say } = useApp().speech;
    const address = `${location.origin}${ROOT}/embed/publication/${id}`;
    const quoted = name.replace(/&/g, "&amp;").replace(/"/g, "&quot;");
    const frame = `<iframe src="${address}" title="${quoted}" width="100%" height="180" style="border: 0"></iframe>`;
    return (
        <div class="snippets">
            {/* Browsers keep the badge for an hour: another choice has another address. */}
            <img src={`${ROOT}/embed/publication/${id}.svg?${encodeURIComponent(version)}`} alt={say("badge")} height="20" />
            <Snippet title={say("badge")} text={`![${name.replace(/[[\]\\]/g, "\\$&")}](${address}.svg)`} />
            <Snippet title={say("frame")} text={frame} />
        </div>
    );
}

function Snippet({ title, text }: { title: string; text: string }) {
    const { say } = useApp().speech;
    return (
        <div class="query">
            <div class="tools">
                <h3>{title}</h3>
                <Copy text={text} label={`${say("copy")}: ${title}`} />
            </div>
            <pre tabIndex={0}>{text}</pre>
        </div>
    );
}
