/** The path below which the server stands, as `/figures`; usually empty. The script itself stands below it. */
export const ROOT = new URL(import.meta.url).pathname.split("/studio/assets/")[0] ?? "";
