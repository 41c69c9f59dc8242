import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Filters, Place } from "./address";
import type { Demo, Session } from "./api/session";
import type { Organization } from "./api/useOrganizations";
import type { Language, Speech } from "./words";

export type App = {
    speech: Speech;
    setLanguage: (language: Language) => void;
    session: Session | null;
    /** Those of the viewer; null until they are known. */
    organizations: Organization[] | null;
    signIn: (email: string, password: string) => Promise<string | null>;
    signOut: () => void;
    /** The server no longer takes the token. */
    endSession: () => void;
    demo: Demo | null;
    hasEditor: boolean;
    place: Place;
    filters: Filters;
    /** Now, as all ranges of the page mean it. */
    moment: Date;
    renewMoment: () => void;
    go: (place: Place, filters?: Partial<Filters>) => void;
    change: (filters: Partial<Filters>) => void;
    /** Names of values of the address that made no sense. */
    dropped: string[];
    dismiss: () => void;
    /** Drops a filter whose value makes no sense to the server. */
    drop: (filter: "workspace" | "domain" | "asset") => void;
};

export const AppContext = createContext<App | null>(null);

export function useApp(): App {
    const app = useContext(AppContext);
    if (!app) throw new Error("There is no app around this.");
    return app;
}

export function useSpeech(): Speech {
    return useApp().speech;
}
