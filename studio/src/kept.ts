/** What somebody chose on this device, and nothing of what they look at. */
const NAMES = { language: "studio:language", appearance: "studio:appearance" } as const;

export function recall(name: keyof typeof NAMES): string | null {
    try {
        return localStorage.getItem(NAMES[name]);
    } catch {
        return null; // A browser may forbid it.
    }
}

export function remember(name: keyof typeof NAMES, value: string): void {
    try {
        localStorage.setItem(NAMES[name], value);
    } catch {
        // Then it is chosen again next time.
    }
}
