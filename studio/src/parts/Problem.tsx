import { useEffect } from "preact/hooks";
import type { GraphQLError } from "../api/ask";
import { useApp } from "../app-context";
import { State } from "./State";

export type Problem = { kind: "forbidden" | "notFound" | "failed"; message: string };

const FORBIDDEN = new Set(["FORBIDDEN", "UNAUTHENTICATED"]);

/** The first error, or nothing. */
export function problemOf(errors: GraphQLError[]): Problem | null {
    const first = errors[0];
    if (!first) return null;
    const code = first.extensions?.code ?? "";
    if (FORBIDDEN.has(code)) return { kind: "forbidden", message: first.message };
    return { kind: code === "NOT_FOUND" ? "notFound" : "failed", message: first.message };
}

export function Problem({ problem, again }: { problem: Problem | null; again: () => void }) {
    const { speech, session, signOut } = useApp();
    const { say } = speech;
    if (problem?.kind === "forbidden") {
        return (
            <State symbol="🔒" title={say("forbidden")} words={say("forbiddenWords")}>
                <button type="button" class="primary" onClick={signOut}>
                    {session ? say("signOut") : say("signIn")}
                </button>
            </State>
        );
    }
    if (!problem || problem.kind === "notFound") {
        return <State symbol="∅" title={say("notFound")} words={say("notFoundWords")} />;
    }
    return (
        <State symbol="!" title={say("failed")} words={problem.message} isAlert>
            <button type="button" class="primary" onClick={again}>
                {say("tryAgain")}
            </button>
        </State>
    );
}

/** The filters whose values the server may refuse, by the reason of its error. */
const REFUSED: Record<string, "workspace" | "domain" | "asset"> = {
    INVALID_WORKSPACE: "workspace",
    INVALID_DOMAIN: "domain",
    INVALID_ASSET: "asset",
};

/** Drops a filter whose value the server does not take, and says so. */
export function useDropping(errors: GraphQLError[] = []): void {
    const { drop } = useApp();
    const names = errors.flatMap(({ extensions }) => REFUSED[extensions?.reason ?? ""] ?? []);
    useEffect(() => {
        if (names[0]) drop(names[0]);
    }, [names[0]]);
}
