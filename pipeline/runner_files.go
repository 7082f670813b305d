package pipeline

import (
	"fmt"
	"net"
	"os"
	"syscall"
)

// filesPerMessage stays below the kernel's SCM_MAX_FD of 253.
const filesPerMessage = 200

// maxRunnerFiles bounds one job's open files; a cervical CT has some hundred slices.
const maxRunnerFiles = 20_000

// socketpair returns two connected sockets that no other child inherits.
func socketpair() (ours, theirs *os.File, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("socketpair: %w", err)
	}
	syscall.CloseOnExec(pair[0])
	syscall.CloseOnExec(pair[1])
	return os.NewFile(uintptr(pair[0]), "files"), os.NewFile(uintptr(pair[1]), "files"), nil
}

// sendFiles hands open descriptors to the peer of a unix socket, so that the runner
// needs no path and no right to open one.
func sendFiles(c *net.UnixConn, files []*os.File) error {
	for len(files) > 0 {
		n := min(len(files), filesPerMessage)
		fds := make([]int, n)
		for i, f := range files[:n] {
			fds[i] = int(f.Fd())
		}
		if _, _, err := c.WriteMsgUnix([]byte{byte(n)}, syscall.UnixRights(fds...), nil); err != nil {
			return fmt.Errorf("send files: %w", err)
		}
		files = files[n:]
	}
	return nil
}

// receiveFiles takes exactly n descriptors. On an error it closes what it took.
func receiveFiles(c *net.UnixConn, n int) (files []*os.File, err error) {
	if n > maxRunnerFiles {
		return nil, fmt.Errorf("receive files: %d exceeds %d", n, maxRunnerFiles)
	}
	defer func() {
		if err != nil {
			for _, f := range files {
				f.Close()
			}
		}
	}()
	buf, oob := make([]byte, 1), make([]byte, syscall.CmsgSpace(filesPerMessage*4))
	for len(files) < n {
		_, oobn, _, _, err := c.ReadMsgUnix(buf, oob)
		if err != nil {
			return files, fmt.Errorf("receive files: %w", err)
		}
		msgs, err := syscall.ParseSocketControlMessage(oob[:oobn])
		if err != nil || len(msgs) != 1 {
			return files, fmt.Errorf("receive files: %d control messages: %w", len(msgs), os.ErrInvalid)
		}
		fds, err := syscall.ParseUnixRights(&msgs[0])
		if err != nil {
			return files, fmt.Errorf("receive files: %w", err)
		}
		for _, fd := range fds {
			syscall.CloseOnExec(fd)
			files = append(files, os.NewFile(uintptr(fd), "instance"))
		}
		if len(files) > n {
			return files, fmt.Errorf("receive files: got %d, want %d: %w", len(files), n, os.ErrInvalid)
		}
	}
	return files, nil
}
