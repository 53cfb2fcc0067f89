/// Gives memory back soon after a crawl or a page of bodies; the system's allocator and mimalloc kept up to
/// twice as much.
#[global_allocator]
static MEMORY: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Read by jemalloc when it starts: a thread of its own returns pages a second after they were last used.
#[unsafe(export_name = "_rjem_malloc_conf")]
static MEMORY_CONF: &[u8; 70] =
    b"background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0,narenas:2\0";

fn main() -> std::process::ExitCode {
    manyfin::cli::main()
}
