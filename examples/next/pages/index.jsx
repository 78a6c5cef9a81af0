export function getServerSideProps({ req }) {
  return { props: { url: req.url } }
}

export default function Home({ url }) {
  return <h1>Hello from Next.js at {url}</h1>
}
