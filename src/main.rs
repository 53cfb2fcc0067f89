fn main() -> std::process::ExitCode {
    manyfin::cli::main()
}
