"""Pages, feeds and sitemaps on the web: fetch, crawl, update."""
