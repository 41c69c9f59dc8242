import { LoginDocument, type LoginMutation } from "../documents";
import { ask } from "./ask";

export type Session = {
    /** Only here, in memory: who reloads the page signs in again. */
    token: string;
    expiresAt: string;
    username: string;
    publications: { name: string; customUrl: string }[];
};

export type DemoAccount = { name: string; email: string; words: string };
export type Demo = { accounts: DemoAccount[]; password: string };

/** Returns the session, or the server's sentence why there is none. Throws Unreachable. */
export async function signIn(email: string, password: string): Promise<Session | string> {
    const { data, errors } = await ask(LoginDocument, { email, password });
    const login = data?.login;
    return login ? sessionOf(login) : (errors[0]?.message ?? "");
}

function sessionOf({ accessToken, expiresAt, viewer }: NonNullable<LoginMutation["login"]>): Session {
    return {
        token: accessToken,
        expiresAt,
        username: viewer.username,
        publications: viewer.publications.edges.map(({ node }) => node),
    };
}
