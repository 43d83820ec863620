// Files that the build puts into the program as text: see scripts/build.js.

declare module '*/Dockerfile' {
  const text: string;
  export default text;
}

declare module '*.sh' {
  const text: string;
  export default text;
}
