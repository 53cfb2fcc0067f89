mod capability;
mod front;
mod hls;
mod source;
