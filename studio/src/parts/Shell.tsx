import type { ComponentChildren } from "preact";
import type { Place } from "../address";
import { useApp } from "../app-context";
import { AppearanceChoice } from "./AppearanceChoice";
import { Choice } from "./Choice";
import { Link } from "./Link";
import { Opener } from "./Opener";
import { LANGUAGES } from "../words";

/** What stands around each view: where one is, where else one can go, and who one is. */
export function Shell({ children }: { children: ComponentChildren }) {
    const { speech, session, signOut, signIn, go, demo, dropped, dismiss, setLanguage } = useApp();
    const { say, language } = speech;
    return (
        <>
            <a class="skip" href="#figures">
                {say("skip")}
            </a>
            <header class="bar">
                <div class="inside">
                    <span class="brand">
                        <Logo />
                        <b>Viewgraph</b> {say("studio")}
                    </span>
                    {session && <Navigation />}
                    <div class="account">
                        {session && demo && (
                            <Choice
                                label={say("signedInAs", { name: "" })}
                                value={session.username}
                                options={demo.accounts.map(({ name }) => [name, name])}
                                choose={(name) => {
                                    const account = demo.accounts.find((each) => each.name === name);
                                    if (account)
                                        void signIn(account.email, demo.password).then(() =>
                                            go({ kind: "home", name: "" }),
                                        );
                                }}
                            />
                        )}
                        {session && !demo && <span class="name">{say("signedInAs", { name: session.username })}</span>}
                        {session && (
                            <button type="button" onClick={signOut}>
                                {say("signOut")}
                            </button>
                        )}
                    </div>
                </div>
            </header>
            <main id="figures" tabIndex={-1}>
                {dropped.length > 0 && (
                    <div class="notice" role="status">
                        {say("dropped", { names: dropped.join(", ") })}
                        <button type="button" onClick={dismiss}>
                            {say("dismiss")}
                        </button>
                    </div>
                )}
                {children}
            </main>
            <footer class="foot">
                <Choice
                    label={say("languageLabel")}
                    value={language}
                    options={Object.entries(LANGUAGES).map(([code, words]) => [code, words.language])}
                    choose={setLanguage}
                />
                <AppearanceChoice />
                <Opener kind="publications" label={say("openByAddress")} />
                <Opener kind="people" label={say("openPerson")} />
            </footer>
        </>
    );
}

function Navigation() {
    const { speech, session, organizations, place } = useApp();
    const { say } = speech;
    if (!session) return null;
    const organization = organizations?.[0];
    const person: Place = { kind: "people", name: session.username };
    const publication = session.publications[0];
    return (
        <nav aria-label={say("studio")}>
            {publication && (
                <Link
                    to={{ kind: "publications", name: publication.customUrl }}
                    isCurrent={place.kind === "publications"}
                >
                    {say("publications")}
                </Link>
            )}
            {organization && (
                <Link
                    to={{ kind: "organizations", name: organization.id }}
                    isCurrent={place.kind === "organizations" || place.kind === "workspaces"}
                >
                    {say("assets")}
                </Link>
            )}
            <Link to={person} isCurrent={place.kind === "people"}>
                {say("people")}
            </Link>
        </nav>
    );
}

function Logo() {
    return (
        <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
            <rect width="32" height="32" rx="8" fill="currentColor" />
            <path
                d="M7 22l6-8 5 5 7-10"
                fill="none"
                stroke="#fff"
                stroke-width="3"
                stroke-linecap="round"
                stroke-linejoin="round"
            />
        </svg>
    );
}
