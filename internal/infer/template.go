package infer

import (
	"fmt"
	"text/template/parse"
)

// plainFunctions are the functions whose results are no larger than what they are given.
var plainFunctions = []string{"splitList", "toJson", "and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len", "index"}

// harmless says why a template is not executed: it may be anybody's, and one with a loop need not come to an end.
func harmless(node parse.Node) error {
	switch node := node.(type) {
	case *parse.ListNode:
		if node == nil {
			return nil
		}
		for _, each := range node.Nodes {
			if err := harmless(each); err != nil {
				return err
			}
		}
		return nil
	case *parse.ActionNode:
		return harmless(node.Pipe)
	case *parse.PipeNode:
		if node == nil {
			return nil
		}
		for _, command := range node.Cmds {
			for _, argument := range command.Args {
				if err := harmless(argument); err != nil {
					return err
				}
			}
		}
		return nil
	case *parse.IfNode:
		return harmlessBranch(&node.BranchNode)
	case *parse.WithNode:
		return harmlessBranch(&node.BranchNode)
	case *parse.ChainNode:
		return harmless(node.Node)
	case *parse.IdentifierNode:
		if !contains(plainFunctions, node.Ident) {
			return fmt.Errorf("its template uses the function %s", node.Ident)
		}
		return nil
	case *parse.TextNode, *parse.CommentNode, *parse.FieldNode, *parse.DotNode, *parse.VariableNode, *parse.NilNode,
		*parse.StringNode, *parse.NumberNode, *parse.BoolNode:
		return nil
	}
	return fmt.Errorf("its template has %q", node)
}

func harmlessBranch(node *parse.BranchNode) error {
	for _, each := range []parse.Node{node.Pipe, node.List, node.ElseList} {
		if err := harmless(each); err != nil {
			return err
		}
	}
	return nil
}
